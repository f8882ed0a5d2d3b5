-- CreateIndex
CREATE INDEX "Login_chain_idx" ON "Login" USING GIN ("chain");

-- CreateIndex
CREATE INDEX "Login_ancestors_idx" ON "Login" USING GIN ("ancestors");

-- CreateIndex
CREATE INDEX "Login_expiresAt_idx" ON "Login"("expiresAt");

-- CreateIndex
CREATE INDEX "RefreshToken_expiresAt_idx" ON "RefreshToken"("expiresAt");
