// For tests of components in Chromium.
import "../src/ui/base.css";
