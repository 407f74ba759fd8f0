/** What may be done over HTTP and sockets. */
export type AuthAction =
  | 'health:read'
  | 'job:read'
  | 'job:cancel'
  | 'room:join'
  | 'room:publish'
  | 'metrics:read'
  | 'dashboard:use'

/** What it is done to: the job's id or the room's name where the action has one. */
export interface AuthResource {
  readonly job?: string
  readonly room?: string
}

/** A request as `authenticate` sees it, the same for every host. */
export interface AuthRequest {
  readonly method: string
  /** Path and query as sent by the client. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /**
   * The host's own view of the request, with what its middleware put there, such as a session: Node's or Express's `req`, Koa's `ctx`.
   * `undefined` when a client presents a new token over its open WebSocket: the token is then the bearer token of the `authorization`
   * header, everything else is as it was when the socket was opened.
   */
  readonly raw: unknown
}

/** Who may do what. One object serves HTTP endpoints, rooms, metrics and dashboard. */
export interface Auth<Principal = unknown> {
  /** Returns who is asking, `undefined` for nobody: the answer is then 401 or close code 4401. */
  authenticate(request: AuthRequest): Principal | undefined | Promise<Principal | undefined>
  authorize(principal: Principal, action: AuthAction, resource: AuthResource): boolean | Promise<boolean>
}
