"""What holds when the machine does not: files after a power cut, clocks that nobody sets, the end of a late send.

durable      files and folders that survive a power cut
cache_files  what a cache keeps, read back; what tells that a file is the one that was seen
bootclock    how long something has lasted, whatever the wall clock says
file_lock    one process at a time
forks        where a fork is safe; it ends with its parent
ending       a process that is told to end while it sends
send_window  how long an attempt may still send; asked last before bytes leave
deadman      the kernel's switch that ends this process at an instant, stopped or not
crashpoints  where a test can end the process; does nothing otherwise
"""
