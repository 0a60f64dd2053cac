/* Chooses the theme before anything is painted: a small blocking file, because the content policy forbids inline
   scripts. Light and dark follow the system unless this browser was told otherwise. Printing is always light.
   Whether single keys act is kept here as well (WCAG 2.1.4: people who speak to their computer switch them off). */
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  root.classList.add("has-script");

  function stored() {
    try {
      return window.localStorage.getItem("hub-theme") || "auto";
    } catch (refused) {
      return "auto"; // storage may be switched off; the system's theme is right then
    }
  }

  function show(theme) {
    if (root.getAttribute("data-bs-theme") === theme) return;
    root.setAttribute("data-bs-theme", theme);
    window.dispatchEvent(new CustomEvent("hub:theme", { detail: { theme: theme } }));
  }

  function apply() {
    var choice = stored();
    show(choice === "auto" ? (system.matches ? "dark" : "light") : choice);
  }

  window.hubTheme = {
    choice: stored,
    choose: function (choice) {
      try {
        window.localStorage.setItem("hub-theme", choice);
      } catch (refused) {
        root.setAttribute("data-theme-not-kept", ""); // for this page only
        show(choice === "auto" ? (system.matches ? "dark" : "light") : choice);
        return;
      }
      apply();
    },
  };

  window.hubKeys = {
    on: function () {
      return root.dataset.keys !== "off";
    },
    turn: function (on) {
      root.dataset.keys = on ? "on" : "off";
      try {
        window.localStorage.setItem("hub-keys", root.dataset.keys);
      } catch (refused) {
        root.setAttribute("data-keys-not-kept", ""); // for this page only
      }
    },
  };
  try {
    root.dataset.keys = window.localStorage.getItem("hub-keys") || "on";
  } catch (refused) {
    root.dataset.keys = "on";
  }

  apply();
  system.addEventListener("change", apply);
  window.addEventListener("beforeprint", function () { show("light"); });
  window.addEventListener("afterprint", apply);
})();
