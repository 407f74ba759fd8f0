import { TriportError } from '../core/errors.js'

/** @throws `ERR_UNSUPPORTED` for a Node that lacks what we use. It would fail later, and say less. */
export function checkNodeVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return
  throw new TriportError(
    'ERR_UNSUPPORTED',
    `This is Node ${version}, and triport needs ${oldest.major}.${oldest.minor} or later. Install a newer one: https://nodejs.org`,
  )
}

/** As package.json says. */
const oldest = { major: 22, minor: 12 }
