-- AlterTable
ALTER TABLE "CatalogSnapshot" ADD COLUMN     "sampleProblem" TEXT;
