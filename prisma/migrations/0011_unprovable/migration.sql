-- AlterTable
ALTER TABLE "Connection" ADD COLUMN     "unprovable" TEXT NOT NULL DEFAULT 'deny';
