-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "endReason" TEXT;

-- CreateIndex
CREATE INDEX "Session_tenantId_proxy_closedAt_idx" ON "Session"("tenantId", "proxy", "closedAt");
