"""The scoring server: a front that speaks HTTP and a worker that runs the user's script.

Stands alone: imports nothing outside this folder but httptools and uvloop, and nothing of ours
imports it. It is delivered as a copy named `mlops_serving`, since a user's code may well hold a
package `mlops`.
This file is read by Python 3.6 too.
"""

VERSION = "0.1.0"
