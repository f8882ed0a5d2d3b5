# syntax=docker/dockerfile:1
# The proxy. Build it from the root of the repository:
#   docker build -f deploy/docker/proxy.Dockerfile -t sallyport/proxy .
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
COPY --from=build /src/apps/proxy ./apps/proxy
RUN install -d -o node -g node -m 0700 /var/lib/sallyport
ENV SALLYPORT_STATE_DIRECTORY=/var/lib/sallyport
VOLUME /var/lib/sallyport
EXPOSE 7432 7433
USER node
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7434/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/sallyport/apps/proxy/dist/main.js"]
