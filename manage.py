#!/usr/bin/env python
"""The command line: joins the running embedded servers, or starts them for as long as a command needs them."""

import os
import sys

WITHOUT_DATABASE = {"help", "--help", "--version", "estimate", "simulate", "makemessages", "compilemessages", "collectstatic"}
"""Commands that never open the database; starting a server for them would be rude."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    deploy_check = command == "check" and "--deploy" in sys.argv
    if command not in WITHOUT_DATABASE and not deploy_check:
        from config import embedded

        if embedded.needed():
            embedded.say_what_root_means(embedded.data_dir())
            embedded.ensure(embedded.data_dir())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
