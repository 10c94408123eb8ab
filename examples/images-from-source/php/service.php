<?php

echo "ran ", $argv[1] ?? "nothing", "\n";
