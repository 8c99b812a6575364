# How ours stands to the peer and to the limit, a bar each on a logarithmic scale. Wants: table (TSV), picture (SVG).
set terminal svg size 1100,900 font 'sans-serif,12' background 'white'
set output picture
set datafile separator '\t'
set datafile missing 'NaN'
set title 'ours as a multiple of the peer and of the limit'
set key top right
set xrange [0.05:200]
set logscale x
set grid x
set arrow from 1, graph 0 to 1, graph 1 nohead lc 'black'
set yrange [*:*] reverse
set lmargin 62
set style fill solid
half = 0.38
plot table using (1):($0 - half / 2):(1):2:($0 - half):($0):ytic(1) with boxxyerror lc '#1f77b4' title 'of the peer', \
     table using (1):($0 + half / 2):(1):3:($0):($0 + half) with boxxyerror lc '#ff7f0e' title 'of the limit'
