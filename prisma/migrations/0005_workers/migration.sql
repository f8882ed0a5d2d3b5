-- AlterTable
ALTER TABLE "Node" ADD COLUMN     "workerOfId" TEXT;

-- CreateIndex
CREATE INDEX "Node_workerOfId_idx" ON "Node"("workerOfId");

-- AddForeignKey
ALTER TABLE "Node" ADD CONSTRAINT "Node_workerOfId_fkey" FOREIGN KEY ("workerOfId") REFERENCES "Node"("id") ON DELETE CASCADE ON UPDATE CASCADE;
