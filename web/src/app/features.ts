// The features of the site. A new one adds its line here, and changes no other feature.

import { admin } from "../features/admin";
import { home } from "../features/home";
import { profile } from "../features/profile";
import { roster } from "../features/roster";
import { session } from "../features/session";
import { verify } from "../features/verify";
import { votes } from "../features/votes";
import type { Feature } from "./feature";

export const features: readonly Feature[] = [home, votes, roster, session, profile, verify, admin];
