import ipaddr from 'ipaddr.js';

/**
 * The client for which limits count: an IPv4 address, or the /64 network of an IPv6 address, which one host may use
 * completely. An invalid address counts as itself.
 */
export function clientOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address); // ::ffff:192.0.2.1 is 192.0.2.1
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
