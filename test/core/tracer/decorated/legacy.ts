import { decoratorClaims } from './claims.js'

// Run by trace-function.test.ts with the tsconfig.json of this folder.
decoratorClaims('legacy')
