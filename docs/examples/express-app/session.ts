import type { NextFunction, Request, Response } from 'express'

export interface WithUser extends Request {
  user?: string
}

/** Stands for the session that the app has already: who is asking, by a cookie. */
export function session(request: WithUser, _response: Response, next: NextFunction): void {
  const [, user] = /(?:^|; )user=(\w+)/.exec(request.get('cookie') ?? '') ?? []
  if (user) request.user = user
  next()
}
