// What the drivers are configured with, apart from them: a configuration is checked before its drivers are loaded.
export const queueOptionNames = ['keepFinished', 'store'] as const
export const roomsOptionNames = ['broker'] as const
export const tracerOptionNames = ['limit', 'sampling', 'redact', 'baggage'] as const
