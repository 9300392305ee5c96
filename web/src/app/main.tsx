import "../ui/base.css";
import "./scroll";
import "./codes";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { App } from "./App";
import { reloadOnce } from "./build";
import { ConnectionProvider } from "./connection";
import { FeaturesProvider } from "./feature";
import { features } from "./features";
import { basePath } from "./guild";
import { aroundNavigation } from "./navigation";
import { findRoute } from "./Pages";

// A chunk of the page is gone, because the server has been upgraded.
window.addEventListener("vite:preloadError", (event) => {
  if (reloadOnce()) event.preventDefault();
});

// The page's chunk loads while the server says who looks at it.
findRoute(features, window.location.pathname.slice(basePath.length) || "/")
  ?.load()
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
