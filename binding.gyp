{
  # The build is CMakeLists.txt's; this only lets node-gyp (npm rebuild, electron-rebuild) start it.
  "targets": [
    {
      "target_name": "clvp",
      "type": "none",
      "actions": [
        {
          "action_name": "build with cmake-js",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["<(PRODUCT_DIR)/clvp.node"],
          "action": ["node", "scripts/build.mjs"]
        }
      ]
    }
  ]
}
