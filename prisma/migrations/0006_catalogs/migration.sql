-- AlterTable
ALTER TABLE "CatalogSnapshot" ADD COLUMN     "answered" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "movedAt" TIMESTAMP(3),
ADD COLUMN     "moves" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "sampledAt" TIMESTAMP(3),
ADD COLUMN     "stale" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "Connection" ADD COLUMN     "sampling" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "ColumnFinding" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "connectionId" TEXT NOT NULL,
    "database" TEXT NOT NULL,
    "schema" TEXT NOT NULL,
    "table" TEXT NOT NULL,
    "column" TEXT NOT NULL,
    "class" TEXT NOT NULL,
    "share" INTEGER NOT NULL,
    "sampled" INTEGER NOT NULL,

    CONSTRAINT "ColumnFinding_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "ColumnFinding_connectionId_database_schema_table_column_cla_key" ON "ColumnFinding"("connectionId", "database", "schema", "table", "column", "class");

-- AddForeignKey
ALTER TABLE "ColumnFinding" ADD CONSTRAINT "ColumnFinding_connectionId_fkey" FOREIGN KEY ("connectionId") REFERENCES "Connection"("id") ON DELETE CASCADE ON UPDATE CASCADE;
