"""The economics of retention (F18): what fewer defections are worth, when keeping pays, whom an offer keeps."""
