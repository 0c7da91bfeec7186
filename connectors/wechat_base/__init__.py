"""What WeChat official accounts and WeCom have in common; no connector itself."""
