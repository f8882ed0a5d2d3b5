-- AlterTable
ALTER TABLE "Approval" ADD COLUMN     "preview" JSONB;
