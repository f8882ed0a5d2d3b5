-- AlterTable
ALTER TABLE "Group" ADD COLUMN     "directoryId" TEXT,
ADD COLUMN     "externalId" TEXT,
ADD COLUMN     "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "GroupMember" ADD COLUMN     "source" TEXT NOT NULL DEFAULT '';

-- AlterTable
ALTER TABLE "Keyring" ADD COLUMN     "activeAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "directoryId" TEXT,
ADD COLUMN     "displayName" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "externalId" TEXT,
ADD COLUMN     "notBefore" TIMESTAMP(3) NOT NULL DEFAULT to_timestamp((0)::double precision);

-- CreateTable
CREATE TABLE "IdentityProvider" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "clientId" TEXT,
    "sealed" BYTEA,
    "metadataUrl" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "metadataReadAt" TIMESTAMP(3),
    "metadataProblem" TEXT,
    "scopes" TEXT[] DEFAULT ARRAY['openid', 'profile', 'email']::TEXT[],
    "mapping" JSONB NOT NULL DEFAULT '{}',
    "idpInitiated" BOOLEAN NOT NULL DEFAULT false,
    "justInTime" BOOLEAN NOT NULL DEFAULT true,
    "disabled" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "IdentityProvider_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "UserIdentity" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "providerId" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "lastSignInAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "UserIdentity_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SignIn" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "providerId" TEXT NOT NULL,
    "stateHash" TEXT NOT NULL,
    "browserHash" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "returnTo" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "usedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SignIn_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "UsedOnce" (
    "tenantId" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "tokenId" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "UsedOnce_pkey" PRIMARY KEY ("tenantId","issuer","tokenId")
);

-- CreateTable
CREATE TABLE "Login" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "userId" TEXT,
    "subagentId" TEXT,
    "parentId" TEXT,
    "ancestors" TEXT[],
    "chain" TEXT[],
    "how" TEXT NOT NULL,
    "providerId" TEXT,
    "providerSession" TEXT,
    "purpose" TEXT NOT NULL DEFAULT '',
    "details" JSONB,
    "budget" TEXT,
    "confirmation" JSONB,
    "cookieHash" TEXT,
    "address" TEXT NOT NULL DEFAULT '',
    "userAgent" TEXT NOT NULL DEFAULT '',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "endedAt" TIMESTAMP(3),
    "endReason" TEXT,

    CONSTRAINT "Login_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RefreshToken" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "loginId" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "usedAt" TIMESTAMP(3),
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RefreshToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DeviceCode" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "deviceHash" TEXT NOT NULL,
    "userCode" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "userId" TEXT,
    "loginId" TEXT,
    "address" TEXT NOT NULL,
    "userAgent" TEXT NOT NULL DEFAULT '',
    "interval" INTEGER NOT NULL DEFAULT 5,
    "polledAt" TIMESTAMP(3),
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DeviceCode_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Directory" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "providerId" TEXT,
    "hash" TEXT NOT NULL,
    "lastUsedAt" TIMESTAMP(3),
    "disabled" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Directory_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ObservedIdentity" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "issuerId" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "claims" JSONB NOT NULL,
    "connectionName" TEXT NOT NULL DEFAULT '',
    "attempts" INTEGER NOT NULL DEFAULT 1,
    "firstSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastSeenAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ObservedIdentity_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PrincipalChange" (
    "tenantId" TEXT NOT NULL,
    "version" BIGINT NOT NULL,
    "principalId" TEXT NOT NULL,

    CONSTRAINT "PrincipalChange_pkey" PRIMARY KEY ("tenantId","version","principalId")
);

-- CreateIndex
CREATE UNIQUE INDEX "IdentityProvider_tenantId_name_key" ON "IdentityProvider"("tenantId", "name");

-- CreateIndex
CREATE UNIQUE INDEX "IdentityProvider_tenantId_kind_issuer_key" ON "IdentityProvider"("tenantId", "kind", "issuer");

-- CreateIndex
CREATE INDEX "UserIdentity_userId_idx" ON "UserIdentity"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "UserIdentity_providerId_subject_key" ON "UserIdentity"("providerId", "subject");

-- CreateIndex
CREATE UNIQUE INDEX "SignIn_stateHash_key" ON "SignIn"("stateHash");

-- CreateIndex
CREATE INDEX "SignIn_expiresAt_idx" ON "SignIn"("expiresAt");

-- CreateIndex
CREATE INDEX "UsedOnce_expiresAt_idx" ON "UsedOnce"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "Login_cookieHash_key" ON "Login"("cookieHash");

-- CreateIndex
CREATE INDEX "Login_tenantId_createdAt_idx" ON "Login"("tenantId", "createdAt");

-- CreateIndex
CREATE INDEX "Login_userId_idx" ON "Login"("userId");

-- CreateIndex
CREATE INDEX "Login_subagentId_idx" ON "Login"("subagentId");

-- CreateIndex
CREATE INDEX "Login_parentId_idx" ON "Login"("parentId");

-- CreateIndex
CREATE INDEX "Login_providerId_providerSession_idx" ON "Login"("providerId", "providerSession");

-- CreateIndex
CREATE INDEX "Login_tenantId_endedAt_idx" ON "Login"("tenantId", "endedAt");

-- CreateIndex
CREATE UNIQUE INDEX "RefreshToken_hash_key" ON "RefreshToken"("hash");

-- CreateIndex
CREATE INDEX "RefreshToken_loginId_idx" ON "RefreshToken"("loginId");

-- CreateIndex
CREATE UNIQUE INDEX "DeviceCode_deviceHash_key" ON "DeviceCode"("deviceHash");

-- CreateIndex
CREATE INDEX "DeviceCode_expiresAt_idx" ON "DeviceCode"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "DeviceCode_tenantId_userCode_key" ON "DeviceCode"("tenantId", "userCode");

-- CreateIndex
CREATE UNIQUE INDEX "Directory_hash_key" ON "Directory"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "Directory_tenantId_name_key" ON "Directory"("tenantId", "name");

-- CreateIndex
CREATE INDEX "ObservedIdentity_tenantId_lastSeenAt_idx" ON "ObservedIdentity"("tenantId", "lastSeenAt");

-- CreateIndex
CREATE UNIQUE INDEX "ObservedIdentity_issuerId_subject_key" ON "ObservedIdentity"("issuerId", "subject");

-- AddForeignKey
ALTER TABLE "User" ADD CONSTRAINT "User_directoryId_fkey" FOREIGN KEY ("directoryId") REFERENCES "Directory"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Group" ADD CONSTRAINT "Group_directoryId_fkey" FOREIGN KEY ("directoryId") REFERENCES "Directory"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserIdentity" ADD CONSTRAINT "UserIdentity_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserIdentity" ADD CONSTRAINT "UserIdentity_providerId_fkey" FOREIGN KEY ("providerId") REFERENCES "IdentityProvider"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SignIn" ADD CONSTRAINT "SignIn_providerId_fkey" FOREIGN KEY ("providerId") REFERENCES "IdentityProvider"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Login" ADD CONSTRAINT "Login_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Login" ADD CONSTRAINT "Login_subagentId_fkey" FOREIGN KEY ("subagentId") REFERENCES "Subagent"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Login" ADD CONSTRAINT "Login_parentId_fkey" FOREIGN KEY ("parentId") REFERENCES "Login"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshToken" ADD CONSTRAINT "RefreshToken_loginId_fkey" FOREIGN KEY ("loginId") REFERENCES "Login"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ObservedIdentity" ADD CONSTRAINT "ObservedIdentity_issuerId_fkey" FOREIGN KEY ("issuerId") REFERENCES "Issuer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
