# syntax=docker/dockerfile:1
# The control plane. Build it from the root of the repository:
#   docker build -f deploy/docker/control-plane.Dockerfile -t sallyport/control-plane .
# SALLYPORT_EMBEDDED_POSTGRES is not for this image: its PostgreSQL stands beside it.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
# Not `npm ci`: the lock file names binaries of every platform, and not every registry has them all.
RUN npm install --no-audit --no-fund && npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/sallyport
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/libs ./libs
COPY --from=build /src/apps/control-plane ./apps/control-plane
COPY --from=build /src/prisma ./prisma
EXPOSE 7080 7081 7082
USER node
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/sallyport/apps/control-plane/dist/main.js"]
