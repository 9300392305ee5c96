// The pages of all features, each a chunk of its own.
import { Component, type ReactNode, useMemo } from "react";
import { Route as RouterRoute, Switch } from "wouter";
import { Button } from "../ui/Button";
import { NotFound, PageState, Skeleton } from "../ui/PageState";
import { useFeatures } from "./feature";
import { LinkButton } from "./Link";
import { Lazy } from "./lazy";
import { Page } from "./Page";

export function Pages() {
  const features = useFeatures();
  const routes = useMemo(
    () =>
      features
        .flatMap((feature) => feature.routes)
        .sort((a, b) => Number(a.path.includes(":")) - Number(b.path.includes(":"))),
    [features],
  );
  return (
    <Switch>
      {routes.map(({ path, load }) => (
        <RouterRoute key={path} path={path}>
          {(params) => (
            <CrashBoundary key={JSON.stringify(params)}>
              <Lazy
                key={path}
                load={load}
                props={{ params: params as Readonly<Record<string, string>> }}
                fallback={<LoadingPage />}
                frame={(contents) => <Page title="Something went wrong">{contents}</Page>}
              />
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
