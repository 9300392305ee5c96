import type { AnchorHTMLAttributes, ReactNode } from "react";
import { Link as RouterLink, useLocation, useSearch } from "wouter";
import { buttonClass } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { findRoute, useFeatures } from "./feature";
import styles from "./Link.module.css";
import { preload } from "./lazy";

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  /** A path of this guild's pages. */
  href: string;
  children: ReactNode;
}

/** A link to another page of the app, which loads while the pointer or the focus is on the link. */
export function Link({ href, ...props }: LinkProps) {
  const features = useFeatures();
  const load = () => {
    const [path = ""] = href.split(/[?#]/);
    const route = findRoute(features, path);
    // The page itself says what is wrong.
    if (route) preload(route.load).catch(() => {});
  };
  return <RouterLink onPointerEnter={load} onFocus={load} {...props} href={href} />;
}

interface LinkButtonProps extends LinkProps {
  variant?: "primary" | "secondary" | "quiet";
  small?: boolean;
  icon?: IconName;
}

/** A link that looks like a button. */
export function LinkButton({ variant, small, icon, children, className, ...props }: LinkButtonProps) {
  return (
    <Link
      {...props}
      className={buttonClass({ ...(variant && { variant }), ...(small && { small }) }, className)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  );
}

/** The title of a row: the whole row is its target. */
export function RowLink({ className, ...props }: LinkProps) {
  return <Link {...props} className={["row-link", className].filter(Boolean).join(" ")} />;
}

/** A link to the page above. */
export function BackLink({ href, children }: LinkProps) {
  return (
    <Link href={href} className={styles.back}>
      <Icon name="left" size={18} />
      {children}
    </Link>
  );
}

/** A link to `/login`, from where signing in returns to this page. */
export function SignInLink({
  children = "Sign in",
  ...props
}: Omit<LinkButtonProps, "href" | "children"> & { children?: ReactNode }) {
  const [location] = useLocation();
  const search = useSearch();
  const page = search ? `${location}?${search}` : location;
  const from = page === "/" || location === "/login" ? "" : `?from=${encodeURIComponent(page)}`;
  return (
    <LinkButton href={`/login${from}`} {...props}>
      {children}
    </LinkButton>
  );
}
