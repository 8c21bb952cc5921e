//! RSA keys that can be factored from their public part: those of one vendor's chips and smart cards, whose primes were all powers
//! of 65537 modulo a product of small primes (CVE-2017-15361, "ROCA").

/// Small odd primes of that product, whatever the length of the key.
const PRIMES: &[u32] = &[
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137,
    139, 149, 151, 157, 163, 167,
];

/// Whether a modulus, big-endian, has the mark of such a key. Of other keys fewer than one in a hundred million have it.
pub fn is_marked(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |residue, byte| (residue * 256 + u32::from(*byte)) % prime);
        is_power(residue, *prime)
    })
}

/// Whether some power of 65537 is `residue` modulo `prime`.
fn is_power(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 1..prime {
        if power == residue {
            return true;
        }
        power = power * 65_537 % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keys::Key;

    /// `number`, big-endian, times 65537.
    fn times(number: &[u8]) -> Vec<u8> {
        let mut product = vec![0; number.len() + 3];
        let mut carry = 0u32;
        for (index, place) in product.iter_mut().rev().enumerate() {
            let digit =
                |back: usize| index.checked_sub(back).and_then(|index| number.iter().rev().nth(index)).map_or(0, |byte| u32::from(*byte));
            let sum = digit(0) + digit(2) + carry;
            *place = sum as u8;
            carry = sum >> 8;
        }
        product
    }

    #[test]
    fn powers_of_65537_are_marked_and_their_neighbours_are_not() {
        let mut power = vec![1];
        for exponent in 0..140 {
            assert!(is_marked(&power), "65537^{exponent}");
            let mut near = power.clone();
            *near.last_mut().unwrap() ^= 2;
            assert!(!is_marked(&near), "65537^{exponent} and a bit");
            if exponent == 130 {
                let refused = Key::rsa(&power, &[1, 0, 1]);
                assert!(matches!(refused, Err(reason) if reason.contains("CVE-2017-15361")), "{refused:?}");
                assert!(Key::rsa(&near, &[1, 0, 1]).is_ok());
            }
            power = times(&power);
        }
        assert_eq!(times(&[1, 0, 1]), [0, 1, 0, 2, 0, 1]);
    }

    #[test]
    fn other_moduli_are_not_marked() {
        let mut seed = 7u32;
        for round in 0..2_000 {
            let modulus: Vec<u8> = (0..256)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            assert!(!is_marked(&modulus), "round {round}");
        }
        assert!(!is_marked(&[0xff; 256]));
        assert!(!is_marked(&[]));
    }
}
