import "../ui/base.css";
import "./scroll";
import "./codes";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { App } from "./App";
import { ConnectionProvider } from "./connection";
import { FeaturesProvider } from "./feature";
import { features } from "./features";
import { basePath } from "./guild";
import { aroundNavigation } from "./navigation";
import { findRoute } from "./Pages";

// The page's chunk loads while the server says who looks at it.
findRoute(features, window.location.pathname.slice(basePath.length) || "/")
  ?.load()
  // The page itself says what is wrong.
  .catch(() => {});

const root = document.getElementById("app");
if (!root) throw new Error("The page has no element for the app.");
createRoot(root).render(
  <StrictMode>
    <Router base={basePath} aroundNav={aroundNavigation}>
      <FeaturesProvider value={features}>
        <ConnectionProvider>
          <App />
        </ConnectionProvider>
      </FeaturesProvider>
    </Router>
  </StrictMode>,
);
