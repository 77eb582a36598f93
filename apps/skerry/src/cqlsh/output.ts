/** Where a prompt's words go. */
export type Output = {
  line(text: string): void;
  /** One line, on standard error. */
  error(text: string): void;
  /** After a page; false: no more. */
  more(): Promise<boolean>;
};
