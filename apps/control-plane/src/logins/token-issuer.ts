/** The `iss` and `aud` of an organisation's tokens: our public URL, with the organisation behind it for every one but the first. */
export const tokenIssuer = (publicUrl: string, tenant: { readonly id: string; readonly isFirst: boolean }): string => {
  const root = publicUrl.replace(/\/+$/, '');
  return tenant.isFirst ? root : `${root}/t/${tenant.id}`;
};
