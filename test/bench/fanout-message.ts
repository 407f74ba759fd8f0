/** Stands before the eight digits of a message's number. */
export const marker = '"number":"'

/** The data of message `number`: with its envelope about 300 bytes, without about 200. */
export function fanoutData(number: number): { readonly number: string; readonly text: string } {
  return { number: String(number).padStart(8, '0'), text: 'x'.repeat(160) }
}
