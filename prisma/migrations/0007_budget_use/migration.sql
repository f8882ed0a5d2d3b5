-- CreateTable
CREATE TABLE "BudgetUse" (
    "tenantId" TEXT NOT NULL,
    "connection" TEXT NOT NULL,
    "principal" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    "measure" TEXT NOT NULL,
    "window" BIGINT NOT NULL,
    "slot" BIGINT NOT NULL,
    "nodeId" TEXT NOT NULL,
    "life" TEXT NOT NULL,
    "used" BIGINT NOT NULL,
    "leavesAt" TIMESTAMP(3) NOT NULL,
    "changedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "BudgetUse_pkey" PRIMARY KEY ("tenantId","connection","principal","policy","measure","window","slot","nodeId","life")
);

-- CreateIndex
CREATE INDEX "BudgetUse_tenantId_changedAt_idx" ON "BudgetUse"("tenantId", "changedAt");

-- CreateIndex
CREATE INDEX "BudgetUse_tenantId_nodeId_idx" ON "BudgetUse"("tenantId", "nodeId");

-- CreateIndex
CREATE INDEX "BudgetUse_leavesAt_idx" ON "BudgetUse"("leavesAt");
