"""From lesson sources to notebooks."""
