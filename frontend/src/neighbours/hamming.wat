;; Hamming distances between packed images with 128-bit vectors. An image takes `vectors` vectors of 16 bytes, at most 31:
;; the bits that differ are counted in bytes, 8 a vector, and must not run over.
(module
  (memory (export "memory") 1)

  ;; The distance of the images at $a and $b.
  (func $distance (param $a i32) (param $b i32) (param $vectors i32) (result i32)
    (local $sum v128)
    (local $end i32)
    (local.set $end (i32.add (local.get $a) (i32.shl (local.get $vectors) (i32.const 4))))
    (loop $vector
      (local.set $sum
        (i8x16.add (local.get $sum)
          (i8x16.popcnt (v128.xor (v128.load (local.get $a)) (v128.load (local.get $b))))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (br_if $vector (i32.lt_u (local.get $a) (local.get $end))))
    (local.set $sum (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (local.get $sum))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))

  ;; Writes the distance of every one of $count images at $corpus to the image at $query, 16 bits each, to $out.
  (func (export "distances") (param $query i32) (param $corpus i32) (param $count i32) (param $vectors i32) (param $out i32)
    (local $bytes i32)
    (local $end i32)
    (local.set $bytes (i32.shl (local.get $vectors) (i32.const 4)))
    (local.set $end (i32.add (local.get $corpus) (i32.mul (local.get $count) (local.get $bytes))))
    (block $done
      (br_if $done (i32.eqz (local.get $count)))
      (loop $image
        (i32.store16 (local.get $out) (call $distance (local.get $corpus) (local.get $query) (local.get $vectors)))
        (local.set $out (i32.add (local.get $out) (i32.const 2)))
        (local.set $corpus (i32.add (local.get $corpus) (local.get $bytes)))
        (br_if $image (i32.lt_u (local.get $corpus) (local.get $end))))))

  ;; For each of $queries images at $query: the nearest of $count images at $corpus, the first of several, if it is nearer
  ;; than the distance that $best holds already (32 bits each). Its row, counted from $first, goes to $row. The row that
  ;; $without holds does not count (-1: all do).
  (func (export "nearest")
    (param $query i32) (param $queries i32) (param $corpus i32) (param $count i32) (param $vectors i32) (param $first i32)
    (param $best i32) (param $row i32) (param $without i32)
    (local $bytes i32)
    (local $image i32)
    (local $number i32)
    (local $least i32)
    (local $found i32)
    (local.set $bytes (i32.shl (local.get $vectors) (i32.const 4)))
    (block $done
      (br_if $done (i32.or (i32.eqz (local.get $queries)) (i32.eqz (local.get $count))))
      (loop $each
        (local.set $least (i32.load (local.get $best)))
        (local.set $image (local.get $corpus))
        (local.set $number (i32.const 0))
        (loop $next
          (local.set $found (call $distance (local.get $image) (local.get $query) (local.get $vectors)))
          (if (i32.lt_u (local.get $found) (local.get $least))
            (then
              (if (i32.ne (i32.add (local.get $first) (local.get $number)) (i32.load (local.get $without)))
                (then
                  (local.set $least (local.get $found))
                  (i32.store (local.get $row) (i32.add (local.get $first) (local.get $number)))))))
          (local.set $image (i32.add (local.get $image) (local.get $bytes)))
          (local.set $number (i32.add (local.get $number) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $number) (local.get $count))))
        (i32.store (local.get $best) (local.get $least))
        (local.set $query (i32.add (local.get $query) (local.get $bytes)))
        (local.set $best (i32.add (local.get $best) (i32.const 4)))
        (local.set $row (i32.add (local.get $row) (i32.const 4)))
        (local.set $without (i32.add (local.get $without) (i32.const 4)))
        (local.set $queries (i32.sub (local.get $queries) (i32.const 1)))
        (br_if $each (local.get $queries))))))
