export const grantTypes = {
  refresh: 'refresh_token',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  samlBearer: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
} as const;
