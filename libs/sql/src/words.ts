/** The words of a list that is written as a text. */
export const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');
