import { z } from 'zod';

/** What PostgreSQL can keep as text, and not more of it than an approver could read. */
export const keepable = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'holds what cannot be kept');
