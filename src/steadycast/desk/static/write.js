// What writing does besides: the rich editor, the live preview.
