@node "%~dp0compile.mjs" %*
