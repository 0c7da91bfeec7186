"""Local doubles of outside systems; they import nothing of ours on purpose."""
