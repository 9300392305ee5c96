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

// The page's chunk loads while the server says who looks at it.
const route = findRoute(features, window.location.pathname.slice(basePath.length) || "/");
// The page itself says what is wrong.
if (route) preload(route.load).catch(() => {});

keepFocus();
const root = document.getElementById("app");
if (!root) throw new Error("The page has no element for the app.");
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
