// The pages of all features, each a chunk of its own.
import { Component, type ReactNode, Suspense, useMemo } from "react";
import { Route as RouterRoute, Switch } from "wouter";
import { Button } from "../ui/Button";
import { NotFound, PageState, Skeleton } from "../ui/PageState";
import { type Feature, type Route, useFeatures } from "./feature";
import { LinkButton } from "./Link";
import { lazyComponent } from "./lazy";
import { Page } from "./Page";

/** The route of a path, such as to load its page early. */
export function findRoute(features: readonly Feature[], path: string): Route | undefined {
  const segments = path.split("/");
  const fits = (route: Route) => {
    const pattern = route.path.split("/");
    return (
      pattern.length === segments.length &&
      pattern.every(
        (part, index) => part === segments[index] || (part.startsWith(":") && segments[index] !== ""),
      )
    );
  };
  const all = features.flatMap(({ routes }) => routes).filter(fits);
  // `/admin/votes/new` is more exact than `/admin/votes/:id`.
  return all.find((route) => !route.path.includes(":")) ?? all[0];
}

export function Pages() {
  const features = useFeatures();
  const routes = useMemo(
    () =>
      features
        .flatMap((feature) => feature.routes)
        .map(({ path, load }) => ({ path, Content: lazyComponent(load) }))
        .sort((a, b) => Number(a.path.includes(":")) - Number(b.path.includes(":"))),
    [features],
  );
  return (
    <Suspense fallback={<LoadingPage />}>
      <Switch>
        {routes.map(({ path, Content }) => (
          <RouterRoute key={path} path={path}>
            {(params) => (
              <CrashBoundary key={JSON.stringify(params)}>
                <Content params={params as Readonly<Record<string, string>>} />
              </CrashBoundary>
            )}
          </RouterRoute>
        ))}
        <RouterRoute>
          <Page title="Not found">
            <NotFound actions={<LinkButton href="/">Go to the start page</LinkButton>} />
          </Page>
        </RouterRoute>
      </Switch>
    </Suspense>
  );
}

function LoadingPage() {
  return (
    <Page title={undefined}>
      <Skeleton />
    </Page>
  );
}

/** Keeps the navigation when a page crashes. */
class CrashBoundary extends Component<{ children: ReactNode }, { hasCrashed: boolean }> {
  override state = { hasCrashed: false };

  static getDerivedStateFromError() {
    return { hasCrashed: true };
  }

  override render() {
    if (!this.state.hasCrashed) return this.props.children;
    return (
      <Page title="Something went wrong">
        <PageState
          icon="warning"
          title="This page has stopped working"
          alert
          actions={
            <Button variant="primary" icon="refresh" onClick={() => window.location.reload()}>
              Reload
            </Button>
          }
        >
          <p>Nothing that the server confirmed is lost. If it happens again, tell an officer what you did.</p>
        </PageState>
      </Page>
    );
  }
}
