// Icons of 24 × 24 units, drawn with strokes. They are decoration: the text beside them has the meaning.
const PATHS = {
  home: "M4 11 12 4l8 7M6 9.5V20h12V9.5M10 20v-6h4v6",
  vote: "M4 13v7h16v-7M4 16h16M8 13l-1-1 6-8 4 3-4.5 6",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.7 3.5 5.5",
  person: "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c.6-4.3 3.4-6.5 7.5-6.5s6.9 2.2 7.5 6.5",
  shield: "M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6l-7-2.5Z",
  heal: "M12 5v14M5 12h14",
  sword: "M19.5 4.5 9 15M19.5 4.5h-4L7 13l4 4 8.5-8.5v-4ZM6 14l4 4M8 16l-4 4",
  bow: "M5 19 18 6M14 6h4v4M7 4.5c7 1 11.5 5.5 12.5 12.5L7 4.5Z",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  close: "m6 6 12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  up: "m6 14.5 6-6 6 6",
  down: "m6 9.5 6 6 6-6",
  left: "m14.5 6-6 6 6 6",
  right: "m9.5 6 6 6-6 6",
  back: "M19 12H5m6-6-6 6 6 6",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM20 20l-4.8-4.8",
  filter: "M4 6h16M7 12h10M10 18h4",
  edit: "M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  link: "M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.1-1.1",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  warning: "M12 4 2.5 20h19L12 4ZM12 10v5M12 17.5h.01",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.5M12 7.5h.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2",
  eye: "M2.5 12c2-4 5.2-6.5 9.5-6.5s7.5 2.5 9.5 6.5c-2 4-5.2 6.5-9.5 6.5S4.5 16 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  eyeOff:
    "m4 4 16 16M9.5 5.8A10 10 0 0 1 12 5.5c4.3 0 7.5 2.5 9.5 6.5a13 13 0 0 1-2.6 3.5M6.5 7.3A13 13 0 0 0 2.5 12c2 4 5.2 6.5 9.5 6.5 1.7 0 3.2-.4 4.5-1M10 10.3a3 3 0 0 0 4 4.2",
  signOut: "M10 4H5v16h5M9 12h11m-4-4 4 4-4 4",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  upload: "M12 16V5m-4.5 4L12 4.5 16.5 9M4 16v4h16v-4",
  download: "M12 4v11m-4.5-4 4.5 4.5 4.5-4.5M4 16v4h16v-4",
  print: "M7 8V4h10v4M7 17H4V8h16v9h-3M7 14h10v6H7z",
  ranks: "M5 20v-5h4v5M10 20V9h4v11M15 20V4h4v16",
  discord:
    "M5 6.5C7 5.5 9.5 5 12 5s5 .5 7 1.5c1.5 3.5 2 7 1.5 10.5-1.5 1-3 1.6-4.5 2l-1-2c-2 .6-4 .6-6 0l-1 2c-1.5-.4-3-1-4.5-2C3 13.5 3.5 10 5 6.5ZM9 12.5h.01M15 12.5h.01",
  log: "M5 4h14v16H5zM9 9h6M9 13h6M9 17h3",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  monitor: "M3 5h18v11H3zM9 20h6M12 16v4",
  star: "m12 4 2.5 5.2 5.5.8-4 4 1 5.7-5-2.7-5 2.7 1-5.7-4-4 5.5-.8L12 4Z",
  trophy: "M8 4h8v6a4 4 0 0 1-8 0V4ZM8 6H4.5c0 3 1.2 5 3.8 5.3M16 6h3.5c0 3-1.2 5-3.8 5.3M12 14v4M8.5 20h7",
  drag: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  refresh: "M19.5 9A8 8 0 0 0 5 8.5M4.5 4.5V9H9M4.5 15a8 8 0 0 0 14.5.5M19.5 19.5V15H15",
  offline:
    "m4 4 16 16M5 12.5a10 10 0 0 1 4-2.5M19 12.5a10 10 0 0 0-5.5-3M8 15.8a6 6 0 0 1 6-.8M12 19h.01M2 9a15 15 0 0 1 4-2.7M22 9a15 15 0 0 0-11-3.5",
  file: "M6 3.5h8l4 4V20.5H6zM14 3.5v4h4",
  calendar: "M4 6h16v14H4zM4 10h16M8 3.5V7M16 3.5V7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" || name === "drag" ? 2.5 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
