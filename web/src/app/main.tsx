import "../ui/base.css";
import "./scroll";
import "./codes";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { App } from "./App";
import { ConnectionProvider } from "./connection";
import { FeaturesProvider, findRoute } from "./feature";
import { features } from "./features";
import { basePath } from "./guild";
import { keepFocus } from "./keepFocus";
import { preload } from "./lazy";
import { aroundNavigation, useAppLocation } from "./navigation";

/** Longest wait for the page's chunk before something shows, in milliseconds. */
const PATIENCE = 1_000;

// Without its chunk, the page itself says what is wrong.
const route = findRoute(features, window.location.pathname.slice(basePath.length) || "/");
const page = route ? preload(route.load).catch(() => {}) : undefined;

keepFocus();
const root = document.getElementById("app");
if (!root) throw new Error("The page has no element for the app.");

const show = () =>
  createRoot(root).render(
    <StrictMode>
      <Router base={basePath} hook={useAppLocation} aroundNav={aroundNavigation}>
        <FeaturesProvider value={features}>
          <ConnectionProvider>
            <App />
          </ConnectionProvider>
        </FeaturesProvider>
      </Router>
    </StrictMode>,
  );
// Not `await`: the page's chunk imports this one.
Promise.race([page, new Promise((resolve) => setTimeout(resolve, PATIENCE))]).then(show);
