-- AlterTable
ALTER TABLE "ApiToken" ADD COLUMN     "makers" TEXT[];

-- AlterTable
ALTER TABLE "Approval" ADD COLUMN     "behind" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "held" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "marks" TEXT[],
ADD COLUMN     "waiters" TEXT[];

-- AlterTable
ALTER TABLE "Subagent" ADD COLUMN     "holdSeconds" INTEGER;

-- CreateIndex
CREATE INDEX "Approval_tenantId_callerId_createdAt_idx" ON "Approval"("tenantId", "callerId", "createdAt");
