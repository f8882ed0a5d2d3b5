import { ApiConsumes } from '@nestjs/swagger';
import { formType } from '../http/body.js';

/** The body is a form, as RFC 6749 wants it. */
export const TakesForm = () => ApiConsumes(formType);
