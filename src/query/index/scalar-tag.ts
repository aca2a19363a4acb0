/** Types of scalars where values of several types lie in one list; 0 is none. A boolean's value is the code that columns keep it by. */
export const TAG_NUMBER = 1;
export const TAG_TEXT = 2;
export const TAG_BOOLEAN = 3;
