import type { AnchorHTMLAttributes, ReactNode } from "react";
import { Link as RouterLink, useLocation, useSearch } from "wouter";
import { buttonClass } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import styles from "./Link.module.css";

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  /** A path of this guild's pages. */
  href: string;
  children: ReactNode;
}

/** A link to another page of the app. */
export function Link(props: LinkProps) {
  return <RouterLink {...props} />;
}

interface LinkButtonProps extends LinkProps {
  variant?: "primary" | "secondary" | "quiet";
  small?: boolean;
  icon?: IconName;
}

/** A link that looks like a button. */
export function LinkButton({ variant, small, icon, children, className, ...props }: LinkButtonProps) {
  return (
    <RouterLink
      {...props}
      className={buttonClass({ ...(variant && { variant }), ...(small && { small }) }, className)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </RouterLink>
  );
}

/** The title of a row: the whole row is its target. */
export function RowLink({ className, ...props }: LinkProps) {
  return <RouterLink {...props} className={["row-link", className].filter(Boolean).join(" ")} />;
}

/** A link to the page above. */
export function BackLink({ href, children }: LinkProps) {
  return (
    <RouterLink href={href} className={styles.back}>
      <Icon name="left" size={18} />
      {children}
    </RouterLink>
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
