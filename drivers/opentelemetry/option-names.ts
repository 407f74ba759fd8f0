// What the driver is configured with, apart from it: a configuration is checked before its drivers are loaded.
export const tracerOptionNames = [
  'endpoint',
  'protocol',
  'headers',
  'resource',
  'register',
  'provider',
  'sampling',
  'redact',
  'baggage',
] as const
