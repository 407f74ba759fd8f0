/** After so many milliseconds without a message, the next one does not wait for others to come with it: under load they come more often. */
export const quiet = 1
